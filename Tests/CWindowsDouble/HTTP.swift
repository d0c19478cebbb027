internal import CWindows
package import SystemIO

/// WinHTTP as CWindows offers it, with one server.
package struct ScriptedHTTP: Sendable {
  package struct Request: Sendable {
    package var method = ""
    package var host = ""
    package var port: UInt16 = 0
    package var target = ""
    package var fields = ""
    package var body: [UInt8] = []
    package var isSecure = false
    package var authorities: String?
    /// Of connecting, the head of the response, and each read.
    package var timeouts: [UInt32] = []
  }

  /// Status line and fields of each response.
  package var head = "HTTP/1.1 200 OK\r\n"
  package var status: Int32 = 200
  /// The body as reads return it; at its end comes `endError`.
  package var pieces: [[UInt8]] = []
  /// Error code of the open, and of the read after the last piece; 0 for none.
  package var openError: UInt32 = 0
  package var endError: UInt32 = 0
  /// Whether the read after the last piece waits for an abort.
  package var hangs = false

  package var requests: [Request] = []
  package var reads = 0
  package var aborts = 0
  /// Exchanges that are not closed.
  package var open = 0

  package init() {}

  /// The server; tests that change it must not run beside each other.
  package static let current = Condition(ScriptedHTTP())
}

@_cdecl("cwindows_http_authorities")
func httpAuthorities(_ text: UnsafePointer<CChar>) -> Int32 {
  let parts = String(cString: text).split(
    separator: "-----BEGIN CERTIFICATE-----", omittingEmptySubsequences: false)
  return Int32(parts.count - 1)
}

@_cdecl("cwindows_http_open")
func httpOpen(
  _ request: UnsafePointer<cwindows_http_request>, _ status: UnsafeMutablePointer<Int32>,
  _ error: UnsafeMutablePointer<UInt32>
) -> OpaquePointer? {
  let call = request.pointee
  var seen = ScriptedHTTP.Request()
  seen.method = String(cString: call.method)
  (seen.host, seen.port) = (String(cString: call.host), call.port)
  seen.target = String(cString: call.target)
  seen.fields = String(cString: call.fields)
  seen.body = [UInt8](UnsafeRawBufferPointer(start: call.body, count: Int(call.body_length)))
  seen.isSecure = call.is_tls
  seen.authorities = call.authorities.map { String(cString: $0) }
  seen.timeouts = [call.connect_timeout_ms, call.response_timeout_ms, call.timeout_ms]
  (status.pointee, error.pointee) = ScriptedHTTP.current.update { server in
    server.requests.append(seen)
    if server.openError == 0 { server.open += 1 }
    return (server.status, server.openError)
  }
  // Never used as an address.
  return error.pointee == 0 ? OpaquePointer(bitPattern: 1) : nil
}

@_cdecl("cwindows_http_fields")
func httpFields(_ http: OpaquePointer, _ text: UnsafeMutablePointer<CChar>, _ capacity: Int32) -> Int32 {
  let bytes = Array(ScriptedHTTP.current.withState { $0.head }.utf8.prefix(Int(capacity) - 1))
  for (index, byte) in (bytes + [0]).enumerated() { text[index] = CChar(bitPattern: byte) }
  return Int32(bytes.count)
}

@_cdecl("cwindows_http_read")
func httpRead(
  _ http: OpaquePointer, _ bytes: UnsafeMutableRawPointer, _ capacity: Int64, _ error: UnsafeMutablePointer<UInt32>
) -> Int64 {
  let (piece, code) = ScriptedHTTP.current.update { server -> ([UInt8], UInt32) in
    server.reads += 1
    guard server.pieces.isEmpty else { return (server.pieces.removeFirst(), 0) }
    return ([], server.endError)
  }
  if piece.isEmpty, ScriptedHTTP.current.withState({ $0.hangs }) {
    let _: Bool? = ScriptedHTTP.current.wait { $0.aborts > 0 ? true : nil }
    // ERROR_WINHTTP_OPERATION_CANCELLED.
    error.pointee = 12_017
    return -1
  }
  error.pointee = code
  bytes.copyMemory(from: piece, byteCount: piece.count)
  return code == 0 ? Int64(piece.count) : -1
}

@_cdecl("cwindows_http_abort")
func httpAbort(_ http: OpaquePointer) { ScriptedHTTP.current.update { $0.aborts += 1 } }

@_cdecl("cwindows_http_close")
func httpClose(_ http: OpaquePointer) { ScriptedHTTP.current.update { $0.open -= 1 } }
