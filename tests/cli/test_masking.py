import pytest

from mentra_cli.masking import mask, mask_all

ISSUED = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        (ISSUED, "0123... (64 characters)"),
        ("local-abcdefgh", "local-... (14 characters)"),
        ("short", "... (5 characters)"),
    ],
)
def test_a_mask_shows_little(secret: str, shown: str):
    assert mask(secret) == shown


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("no hunter22, twice hunter22", ["hunter22"], "no ... (8 characters), twice ... (8 characters)"),
        ("a key of the console: " + ISSUED, [], "a key of the console: 0123... (64 characters)"),
        ("a local key: local-abcdefghijklmnop", [], "a local key: local-... (22 characters)"),
        ("local-networking", [], "local-networking"),
        ("a local cloud", ["a", "local"], "a local cloud"),
        ("hunter22-and-more", ["hunter22", "hunter22-and-more"], "hunt... (17 characters)"),
        (
            '{"hotspotSsid":"a","hotspotPassword" : "my \\"pass\\"","x":1}',
            [],
            '{"hotspotSsid":"a","hotspotPassword" : "...","x":1}',
        ),
        ('{"authToken":"abc","size":"full"}', [], '{"authToken":"...","size":"full"}'),
        ('{"rtmpUrl":"rtmps://a.example.com/app/k3y?x"}', [], '{"rtmpUrl":"rtmps://a.example.com/app/..."}'),
        ("to rtmp://a.example.com/k3y and on", [], "to rtmp://a.example.com/... and on"),
        ("to rtmp://a.example.com, or", [], "to rtmp://a.example.com, or"),
    ],
)
def test_keys_are_masked_wherever_they_stand(text: str, secrets: list[str], shown: str):
    assert mask_all(text, secrets) == shown
