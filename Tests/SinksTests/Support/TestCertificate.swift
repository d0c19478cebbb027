/// A self-signed certificate for localhost and 127.0.0.1, and its key; only for tests.
enum TestCertificate {
  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBmzCCAUGgAwIBAgIUTgJgMqBLGHNZfN1R2SBIFme5/fgwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDE0NDgzOFoYDzIxMjYxMDMx
    MTQ0ODM4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAATDlNHkcRT7xelMxo6rFGm7Y/D5Io8z6r1Rj19god+YO3M/7vcWLCkG
    gY/HmJSHfFiwuJbVlMmD1t/drImIHaD6o28wbTAdBgNVHQ4EFgQUmXdk5/S87H2W
    hVbU+4kymsv6YeEwHwYDVR0jBBgwFoAUmXdk5/S87H2WhVbU+4kymsv6YeEwDwYD
    VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
    zj0EAwIDSAAwRQIhAOUrnwAMheC/SCu/sR/ELFUx+g30uckA7EWbMu+Q5U8KAiBg
    8cIXs4c8RbtPBYaHmP2YhdFW4O0PRT4nk+niTeHvDg==
    -----END CERTIFICATE-----

    """
  static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLHtyzetiCkOei8WI
    FHS4rUfH1WrApvC5YJYOrPFkM6yhRANCAATDlNHkcRT7xelMxo6rFGm7Y/D5Io8z
    6r1Rj19god+YO3M/7vcWLCkGgY/HmJSHfFiwuJbVlMmD1t/drImIHaD6
    -----END PRIVATE KEY-----

    """
}
