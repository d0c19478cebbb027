/// A receiver, and how it wants to be spoken to.
package struct PushTarget: Sendable, Hashable {
  /// Where it is.
  package var url: PushURL
  /// Its protocol.
  package var kind: SinkKind
  /// What it is shown.
  package var credentials = PushCredentials.none
  /// Fields that are added to each request.
  package var headers: [Header] = []
  /// Labels that are added to each series that has none of that name.
  package var labels: [PushLabel] = []
  /// A file with the certificates (PEM) of those who vouch for it; nil for the system's.
  package var authorities: String?
  /// Limits of requests, and seconds after which a newer version of the protocol is tried again; changed by tests.
  var limits = HTTPClient.ClientLimits()
  var upgradeRetry = 3_600.0

  /// A field of a request.
  package struct Header: Sendable, Hashable {
    /// Its name.
    package let name: String
    /// Its value.
    package let value: String

    /// A field as it is written on the command line, `Name: value`; nil where it is none, or one that is not the
    /// operator's to set.
    package init?(_ text: String) {
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return nil }
      let name = String(parts[0])
      let value = String(parts[1].drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
      // RFC 9110 §5.6.2.
      let symbols = Set("!#$%&'*+-.^_`|~".utf8)
      let isToken = name.utf8.allSatisfy { byte in
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39 || symbols.contains(byte)
      }
      let reserved = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "user-agent",
      ]
      guard !name.isEmpty, isToken, !reserved.contains(name.lowercased()),
        value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
      else { return nil }
      self.name = name
      self.value = value
    }
  }

  /// Creates a target without credentials.
  package init(url: PushURL, kind: SinkKind = SinkKind.all[0]) {
    self.url = url
    self.kind = kind
  }
}
