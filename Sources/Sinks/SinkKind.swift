package import ClientHTTP
package import Outbox

/// A protocol of receivers, as `--push-protocol` selects it.
package struct SinkKind: Sendable, Hashable, CustomStringConvertible {
  /// The value of `--push-protocol`.
  package let name: String
  /// The path of a URL that has none.
  package let defaultPath: String
  fileprivate let make: @Sendable (PushTarget, SinkContext, any ClientTransport) -> any Sink

  /// The protocols by the order of preference.
  ///
  /// A new sink: its file and a row here.
  package static let all: [SinkKind] = [
    SinkKind("remote-write", path: "/api/v1/write") {
      HTTPSink(RemoteWrite(upgradeRetry: $0.upgradeRetry), $0, $1, by: $2)
    },
    SinkKind("remote-write-1", path: "/api/v1/write") { HTTPSink(RemoteWrite(), $0, $1, by: $2) },
    SinkKind("otlp", path: "/v1/metrics") { HTTPSink(OTLP(), $0, $1, by: $2) },
    SinkKind("influx", path: "/write") { HTTPSink(InfluxLine(), $0, $1, by: $2) },
  ]

  /// Finds the kind with a name.
  package init?(named name: String) {
    guard let kind = Self.all.first(where: { $0.name == name }) else { return nil }
    self = kind
  }

  private init(
    _ name: String, path: String,
    _ make: @escaping @Sendable (PushTarget, SinkContext, any ClientTransport) -> any Sink
  ) {
    (self.name, defaultPath, self.make) = (name, path, make)
  }

  package var description: String { name }

  package static func == (left: SinkKind, right: SinkKind) -> Bool { left.name == right.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension PushTarget {
  /// Creates the sink that sends to the target.
  ///
  /// - Parameter transport: the system's client.
  package func sink(_ context: SinkContext, by transport: any ClientTransport) -> any Sink {
    kind.make(self, context, transport)
  }
}
