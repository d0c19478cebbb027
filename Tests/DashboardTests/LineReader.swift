import Glibc

/// Reads lines from a descriptor.
struct LineReader {
  private let descriptor: Int32
  private var text = ""

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The next line without its end; empty at the end of the input.
  mutating func next() -> String {
    while !text.contains("\n") {
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &bytes, bytes.count)
      guard count > 0 else { return "" }
      text += String(decoding: bytes[..<count], as: UTF8.self)
    }
    let line = text.prefix { $0 != "\n" }
    text.removeFirst(line.count + 1)
    return String(line)
  }
}
