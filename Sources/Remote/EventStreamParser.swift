/// Incremental parser of text/event-stream (WHATWG HTML §9.2.6).
struct EventStreamParser {
  /// An event: the last `id:`, and the lines of `data:`.
  struct ServerSentEvent: Equatable {
    var id: String
    var data: [UInt8]
  }

  /// Maximum bytes of an event.
  static let limit = RemoteLimits.sample + 1_024

  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  private var id = ""
  private var endsInReturn = false

  /// Parses more of the stream and returns the events that end in it; nil where one is too long.
  mutating func add(_ bytes: Span<UInt8>) -> [ServerSentEvent]? {
    var events: [ServerSentEvent] = []
    for index in 0..<bytes.count {
      let byte = bytes[index]
      defer { endsInReturn = byte == UInt8(ascii: "\r") }
      switch byte {
      case UInt8(ascii: "\n") where endsInReturn: break
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        if let event = endLine() { events.append(event) }
      default:
        guard line.count + data.count < Self.limit else { return nil }
        line.append(byte)
      }
    }
    return events
  }

  private mutating func endLine() -> ServerSentEvent? {
    defer { line.removeAll(keepingCapacity: true) }
    guard !line.isEmpty else {
      defer {
        data.removeAll(keepingCapacity: true)
        hasData = false
      }
      return hasData ? ServerSentEvent(id: id, data: data) : nil
    }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    var value = line[min(colon + 1, line.endIndex)...]
    if value.first == UInt8(ascii: " ") { value.removeFirst() }
    switch String(decoding: line[..<colon], as: UTF8.self) {
    case "data":
      if hasData { data.append(UInt8(ascii: "\n")) }
      data += value
      hasData = true
    case "id" where !value.contains(0):
      id = String(decoding: value, as: UTF8.self)
    default: break
    }
    return nil
  }
}
