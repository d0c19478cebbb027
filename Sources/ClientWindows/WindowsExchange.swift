internal import CWindows
internal import ClientHTTP
internal import SystemIO

/// A request of WinHTTP and its response.
final class WindowsExchange: Sendable {
  struct Request: Sendable {
    var method: String
    var server: ServerAddress
    var target: String
    var fields: [(name: String, value: String)]
    var body: [UInt8] = []
    /// CA certificates (PEM) that verify the server in place of the system's; nil for the system's.
    var authorities: String?
    /// Timeouts in seconds: of connecting, of the head of the response, and of each read.
    var connect: Double
    var answer: Double
    var silence: Double
  }

  /// Status, and fields by lower-case name, the first of equal names.
  struct Head: Sendable {
    var status: Int
    var reason = ""
    var fields: [String: String] = [:]
  }

  // Sendable holds: only the exchange's thread uses it, but for the abort, which may be called on any.
  private struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// Bytes of the header that are read; the rest is dropped.
  private static let maxHeader = 32_768
  private static let maxRead = 65_536

  let head: Head
  private let handle: Handle
  private let thread: CallThread

  /// Sends a request and waits for the head of the response.
  static func open(_ request: Request) async throws(ClientFailure) -> WindowsExchange {
    if request.server.socket != nil { throw ClientFailure("Unix sockets are not supported on this system") }
    guard let thread = CallThread() else { throw ClientFailure("no thread for the connection") }
    let result = await thread.run { Self.open(request) }
    switch result {
    case .success((let handle, let head)): return WindowsExchange(handle, head, thread)
    case .failure(let failure):
      thread.end {}
      throw failure
    }
  }

  private init(_ handle: Handle, _ head: Head, _ thread: CallThread) {
    (self.handle, self.head, self.thread) = (handle, head, thread)
  }

  deinit {
    thread.end { [handle] in cwindows_http_close(handle.pointer) }
  }

  /// Reads the next bytes of the body; empty at its end.
  func read() async throws(ClientFailure) -> [UInt8] {
    let result: Result<[UInt8], ClientFailure> = await thread.run { [handle] in
      var bytes = [UInt8](repeating: 0, count: Self.maxRead)
      var error: UInt32 = 0
      let count = cwindows_http_read(handle.pointer, &bytes, Int64(bytes.count), &error)
      if count < 0 { return .failure(ClientFailure(Self.line(of: error, timeout: "no data for too long"))) }
      bytes.removeLast(bytes.count - Int(count))
      return .success(bytes)
    }
    return try result.get()
  }

  /// Makes the read that is under way and all later ones fail.
  func abort() {
    cwindows_http_abort(handle.pointer)
  }

  // MARK: Calls

  private static func open(_ request: Request) -> Result<(Handle, Head), ClientFailure> {
    let fields = request.fields.map { $0.name + ": " + $0.value.filter { !$0.isNewline } + "\r\n" }.joined()
    var status: Int32 = 0
    var error: UInt32 = 0
    let pointer = request.method.withCString { method in
      request.server.host.withCString { host in
        request.target.withCString { target in
          fields.withCString { fields in
            request.body.withUnsafeBytes { body in
              var call = cwindows_http_request()
              (call.method, call.host, call.target, call.fields) = (method, host, target, fields)
              (call.body, call.body_length) = (body.baseAddress, Int64(body.count))
              call.port = UInt16(clamping: request.server.port)
              call.is_tls = request.server.isSecure
              call.timeout_ms = milliseconds(request.silence)
              call.connect_timeout_ms = milliseconds(request.connect)
              call.response_timeout_ms = milliseconds(request.answer)
              guard let authorities = request.authorities else { return cwindows_http_open(&call, &status, &error) }
              return authorities.withCString {
                call.authorities = $0
                return cwindows_http_open(&call, &status, &error)
              }
            }
          }
        }
      }
    }
    guard let pointer else {
      if error == unknownName { return .failure(ClientFailure("the name \(request.server.host) is not known")) }
      return .failure(ClientFailure(line(of: error, timeout: "no answer in \(Int(request.answer)) s")))
    }
    var text = [CChar](repeating: 0, count: maxHeader)
    let count = Int(cwindows_http_fields(pointer, &text, Int32(text.count)))
    let bytes = text.prefix(max(0, count)).map(UInt8.init(bitPattern:))
    return .success((Handle(pointer: pointer), parse(String(decoding: bytes, as: UTF8.self), status: Int(status))))
  }

  /// Parses a status line with header fields, each on a line.
  static func parse(_ text: String, status: Int) -> Head {
    var head = Head(status: status)
    for (index, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      if index == 0 {
        // "HTTP/1.1 404 Not Found".
        let parts = line.split(separator: " ", maxSplits: 2)
        if parts.count == 3 { head.reason = String(parts[2]) }
        continue
      }
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop(while: \.isWhitespace)
      let name = line[..<colon].lowercased()
      if head.fields[name] == nil { head.fields[name] = String(value) }
    }
    return head
  }

  private static func milliseconds(_ seconds: Double) -> UInt32 {
    UInt32(clamping: Int(min(max(0.001, seconds), 1_000_000) * 1_000))
  }

  /// ERROR_WINHTTP_NAME_NOT_RESOLVED.
  private static let unknownName: UInt32 = 12_007

  /// Describes an error of WinHTTP (winhttp.h) in one line.
  private static func line(of error: UInt32, timeout: String) -> String {
    switch error {
    case 12_002: timeout
    case 12_029: "no connection"
    case 12_030, 12_152: "the connection was cut"
    case 12_037, 12_038, 12_044, 12_045, 12_157, 12_169, 12_170, 12_175:
      "the certificate is not accepted, or TLS failed (WinHTTP error \(error))"
    default: "WinHTTP error \(error)"
    }
  }
}
