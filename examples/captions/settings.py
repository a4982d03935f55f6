"""What a user can set, on the phone."""

from enum import StrEnum
from typing import Literal

from mentra import Settings, group, setting


class Language(StrEnum):
    """The languages that can be captioned; the user reads the names in words."""

    ENGLISH = "en-US"
    CHINESE = "zh-CN"
    SPANISH = "es-ES"
    HINDI = "hi-IN"
    FRENCH = "fr-FR"
    ARABIC = "ar-SA"
    BENGALI = "bn-IN"
    RUSSIAN = "ru-RU"
    PORTUGUESE = "pt-BR"
    URDU = "ur-PK"
    INDONESIAN = "id-ID"
    GERMAN = "de-DE"
    JAPANESE = "ja-JP"
    SWAHILI = "sw-KE"
    MARATHI = "mr-IN"
    TELUGU = "te-IN"
    TURKISH = "tr-TR"
    TAMIL = "ta-IN"
    VIETNAMESE = "vi-VN"
    KOREAN = "ko-KR"
    ITALIAN = "it-IT"
    THAI = "th-TH"
    PERSIAN = "fa-IR"
    POLISH = "pl-PL"
    UKRAINIAN = "uk-UA"
    MALAYALAM = "ml-IN"
    GUJARATI = "gu-IN"
    KANNADA = "kn-IN"
    ROMANIAN = "ro-RO"
    DUTCH = "nl-NL"
    GREEK = "el-GR"
    HUNGARIAN = "hu-HU"
    CZECH = "cs-CZ"
    SWEDISH = "sv-SE"
    FINNISH = "fi-FI"
    HEBREW = "he-IL"
    TAGALOG = "fil-PH"
    PUNJABI = "pa-IN"
    MALAY = "ms-MY"
    CROATIAN = "hr-HR"
    SERBIAN = "sr-RS"
    HAUSA = "ha-NG"
    ODIA = "or-IN"
    BURMESE = "my-MM"
    JAVANESE = "jv-ID"
    YORUBA = "yo-NG"
    IGBO = "ig-NG"
    UZBEK = "uz-UZ"


class CaptionSettings(Settings):
    """The settings of the captions."""

    speech = group("Language settings")
    languages: list[Language] = setting([Language.ENGLISH], label="Languages spoken around you")
    layout = group("Layout settings")
    lines: int = setting(3, min=2, max=5, label="Number of lines")
    width: Literal["Narrow", "Medium", "Wide"] = setting("Medium", label="Line width")
    break_words: bool = setting(False, label="Break words to fill each line")
