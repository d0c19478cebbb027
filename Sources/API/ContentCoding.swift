internal import Synchronization

extension API.Response {
  /// Minimum number of bytes for compression.
  private static let minimum = 512

  /// Compresses the response with gzip if the client accepts it (RFC 9110 §12.5.3).
  func coded(for request: API.Request) -> API.Response {
    guard case .pieces(let pieces) = content, count >= Self.minimum || status == 304, isCompressible else {
      return self
    }
    var response = adding(vary: "Accept-Encoding")
    guard status != 304, Self.acceptsGzip(request[header: "Accept-Encoding"]) else { return response }
    let tag = self[header: "ETag"]
    let bytes: [UInt8]
    if let tag, !tag.hasPrefix("W/") {
      bytes = StaticGzip.shared.bytes(for: tag, pieces)
      // The tag no longer identifies the exact bytes.
      response = response.with("ETag", "W/" + tag)
    } else {
      bytes = Gzip.stream(of: pieces)
    }
    response.content = .pieces([.bytes(bytes)])
    return response.with("Content-Encoding", "gzip").with("Content-Length", String(bytes.count))
  }

  private var isCompressible: Bool {
    guard let type = self[header: "Content-Type"] else { return status == 304 }
    return type.hasPrefix("text/") || type.hasPrefix("application/") || type.hasPrefix("image/svg")
  }

  func adding(vary name: String) -> API.Response {
    with("Vary", self[header: "Vary"].map { $0 + ", " + name } ?? name)
  }

  /// Whether gzip is accepted, and preferred to identity.
  static func acceptsGzip(_ header: String?) -> Bool {
    var weights: [String: Double] = [:]
    for element in (header ?? "").split(separator: ",") {
      let parts = element.split(separator: ";").map { String($0.trimmed).lowercased() }
      guard let name = parts.first else { continue }
      var weight = 1.0
      for parameter in parts.dropFirst() where parameter.hasPrefix("q=") {
        weight = Double(parameter.dropFirst(2)) ?? 0
      }
      weights[name == "x-gzip" ? "gzip" : name] = weight
    }
    let gzip = weights["gzip"] ?? weights["*"] ?? 0
    return gzip > 0 && gzip >= weights["identity"] ?? 0
  }
}

/// Static files, compressed once at the highest level.
private final class StaticGzip: Sendable {
  static let shared = StaticGzip()
  private let streams = Mutex<[String: [UInt8]]>([:])

  func bytes(for tag: String, _ pieces: [API.BodyPiece]) -> [UInt8] {
    streams.withLock { streams in
      if let bytes = streams[tag] { return bytes }
      let bytes = Gzip.stream(of: pieces, .limit)
      streams[tag] = bytes
      return bytes
    }
  }
}
