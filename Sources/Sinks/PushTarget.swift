internal import ClientHTTP

/// A receiver with its protocol and credentials.
package struct PushTarget: Sendable, Hashable {
  package var url: PushURL
  /// Its protocol.
  package var kind: SinkKind
  package var credentials = PushCredentials.none
  /// Fields added to each request.
  package var headers: [Header] = []
  /// Labels added to each series without a label of that name.
  package var labels: [PushLabel] = []
  /// File with CA certificates (PEM) used to verify the receiver; nil for the system's.
  package var authorities: String?
  /// Limits of requests, and seconds after which a newer version of the protocol is tried again; changed by tests.
  var limits = PostLimits()
  var upgradeRetry = 3_600.0

  /// A header field of a request.
  package struct Header: Sendable, Hashable {
    package let name: String
    package let value: String

    /// Parses a field of the command line, `Name: value`; nil if it is malformed, or not for the operator to set.
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
