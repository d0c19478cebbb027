import Testing

@testable import Remote

@Suite struct RemoteURLTests {
  @Test(arguments: [
    ("host:8081", "http://host:8081"), ("http://host:8080/", "http://host:8080"), ("HTTPS://Host", "https://Host:443"),
    ("[::1]:80", "http://[::1]:80"), ("10.0.0.1", "http://10.0.0.1:8080"), ("http://a", "http://a:80"),
    ("[fe80::1]", "http://[fe80::1]:8080"),
  ]) func addresses(text: String, url: String) throws {
    #expect(try RemoteURL(text).text == url)
  }

  @Test(arguments: [
    "", "http://", "ftp://x/y", "a b", "host/path", "user@host", ":80", "höst", "host:0", "host:70000", "host:", "[::1",
    "[]:80", "[::1]80", "::1",
  ]) func addressesThatAreNone(text: String) {
    #expect(throws: RemoteMachine.AddressError.self) { try RemoteURL(text) }
  }
}
