"""Where app servers call, and with what."""

from mentra.protocol import rest


def test_a_path_holds_any_name_in_one_piece():
    assert rest.permissions_path("com.example.app") == "/api/public/permissions/com.example.app"
    assert rest.permissions_path("a/../b?c") == "/api/public/permissions/a%2F..%2Fb%3Fc"
    assert rest.storage_path("a@b.org", "x y/z") == "/api/sdk/simple-storage/a%40b.org/x%20y%2Fz"


def test_an_app_proves_itself_with_package_and_key_w_check_1():
    assert rest.bearer("com.example.app", "key") == "Bearer com.example.app:key"
