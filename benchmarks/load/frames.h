/* What the cloud says: the shape, the order of the keys and the sizes of frames recorded from the cloud of December 2025
   (tests/wire/captures, docs/protocol.md). */
#ifndef FRAMES_H
#define FRAMES_H

#define PACKAGE_NAME "com.example.bench"
#define API_KEY "bench-0123456789abcdef"
#define USER "user%06d@example.com"
#define SESSION USER "-" PACKAGE_NAME

/* W-HTTP-18 */
#define WEBHOOK_HEAD \
    "POST /webhook HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAccept: application/json, text/plain, */*\r\n" \
    "Content-Type: application/json\r\nUser-Agent: axios/1.13.2\r\nAccept-Encoding: gzip, compress, deflate, br\r\n" \
    "Content-Length: %d\r\nConnection: keep-alive\r\n\r\n"

/* Arguments: user, user, stamp, URL, URL. W-HTTP-1, W-HTTP-2 */
#define START \
    "{\"type\":\"session_request\",\"sessionId\":\"" SESSION "\",\"userId\":\"" USER "\",\"timestamp\":\"%s\"," \
    "\"augmentOSWebsocketUrl\":\"%s\",\"mentraOSWebsocketUrl\":\"%s\"}"

/* Arguments: user, user, stamp. W-HTTP-7 */
#define STOP \
    "{\"type\":\"stop_request\",\"sessionId\":\"" SESSION "\",\"userId\":\"" USER "\",\"reason\":\"user_disabled\"," \
    "\"timestamp\":\"%s\"}"

/* Arguments: user, stamp. W-HAND-3 */
#define ACK \
    "{\"type\":\"tpa_connection_ack\",\"sessionId\":\"" SESSION "\",\"settings\":[" \
    "{\"_id\":\"6b038f42eddd0bbc2145774e\",\"type\":\"toggle\",\"key\":\"flag\",\"label\":\"Flag\"," \
    "\"defaultValue\":false,\"options\":[]}," \
    "{\"_id\":\"6b038f42eddd0bbc2145774f\",\"type\":\"text\",\"key\":\"name\",\"label\":\"Name\"," \
    "\"defaultValue\":\"anon\",\"options\":[]}]," \
    "\"augmentosSettings\":{\"useOnboardMic\":false,\"contextualDashboard\":true,\"metricSystemEnabled\":false," \
    "\"headUpAngle\":20,\"dashboardHeight\":4,\"dashboardDepth\":5,\"brightness\":50,\"autoBrightness\":false," \
    "\"sensingEnabled\":true,\"alwaysOnStatusBar\":false,\"bypassVad\":false,\"bypassAudioEncoding\":false," \
    "\"enforceLocalTranscription\":false,\"_id\":\"6b038f41eddd0bbc2145771c\"}," \
    "\"capabilities\":{\"modelName\":\"Even Realities G1\",\"hasCamera\":false,\"camera\":null,\"hasDisplay\":true," \
    "\"display\":{\"count\":2,\"isColor\":false,\"color\":\"green\",\"canDisplayBitmap\":true," \
    "\"resolution\":{\"width\":640,\"height\":200},\"fieldOfView\":{\"horizontal\":25},\"maxTextLines\":5," \
    "\"adjustBrightness\":true},\"hasMicrophone\":true,\"microphone\":{\"count\":1,\"hasVAD\":false}," \
    "\"hasSpeaker\":false,\"speaker\":null,\"hasIMU\":true,\"imu\":null,\"hasButton\":false,\"button\":null," \
    "\"hasLight\":false,\"light\":null,\"power\":{\"hasExternalBattery\":false},\"hasWifi\":false}," \
    "\"timestamp\":\"%s\"}"

/* The text that is said and must come back: SAID_BEFORE, ten digits, SAID_AFTER. */
#define SAID_BEFORE "message "
#define SAID_AFTER " of what the wearer says"
#define SAID_DIGITS 10

/* Arguments: user, number, stamp. A final result, as an SDK may leave out an interim one that is out of date. W-LANG-4 */
#define TRANSCRIPTION \
    "{\"type\":\"data_stream\",\"sessionId\":\"" SESSION "\",\"streamType\":\"transcription:en-US\",\"data\":{" \
    "\"type\":\"transcription\",\"text\":\"" SAID_BEFORE "%010u" SAID_AFTER "\",\"isFinal\":true," \
    "\"confidence\":0.95,\"startTime\":1795395400030,\"endTime\":1795395401030,\"transcribeLanguage\":\"en-US\"," \
    "\"provider\":\"soniox\",\"metadata\":{\"provider\":\"soniox\",\"soniox\":{\"tokens\":[{\"text\":\"message\"," \
    "\"startMs\":500,\"endMs\":900,\"confidence\":0.95,\"isFinal\":false}]}}},\"timestamp\":\"%s\"}"

/* Argument: stamp. W-CLOUD-4 */
#define APP_STOPPED "{\"type\":\"app_stopped\",\"timestamp\":\"%s\"}"

/* What an app may do; an SDK asks for it to warn of what it lacks. W-CHECK-2 */
#define PERMISSIONS_PATH "GET /api/public/permissions/"
#define PERMISSIONS \
    "{\"success\":true,\"packageName\":\"" PACKAGE_NAME "\",\"permissions\":[{\"type\":\"MICROPHONE\"}]}"
#define PERMISSIONS_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n\r\n"

/* 100 ms of sound. W-CLOUD-11 */
#define AUDIO_BYTES 3200
/* After so many frames of sound the app shows how many there were. */
#define AUDIO_ANSWERED 50

#endif
