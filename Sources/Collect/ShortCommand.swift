/// A command line as samples keep it: program, script or module, and the first arguments.
///
/// Folders are left out, so that `/usr/bin/python3 /home/ann/train.py --epochs 9` is `python3 train.py --epochs 9`.
enum ShortCommand {
  /// Maximum characters of the whole, and of an argument that is no path.
  static let limit = 100
  static let argumentLimit = 40

  /// Shortens a command line whose secrets are masked.
  static func text(_ command: String) -> String {
    var short = ""
    var rest = limit
    var remainder = command[...]
    while let word = nextWord(of: &remainder) {
      let isProgram = short.isEmpty
      let part = self.word(word, isProgram: isProgram)
      let length = part.count + (isProgram ? 0 : 1)
      guard length <= rest else { return isProgram ? part.prefix(limit - 1) + "…" : short + " …" }
      short += (isProgram ? "" : " ") + part
      rest -= length
    }
    return short
  }

  /// Removes the first word; nil at the end.
  ///
  /// Few words of a long command line are needed, therefore it is not split. The lines of a script, as after `python3 -c`,
  /// are words, too: sentences and tables have the command in one line.
  private static func nextWord(of remainder: inout Substring) -> Substring? {
    func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13).contains(byte) }
    guard let start = remainder.utf8.firstIndex(where: { !isSpace($0) }) else { return nil }
    let end = remainder.utf8[start...].firstIndex(where: isSpace) ?? remainder.endIndex
    defer { remainder = remainder[end...] }
    return remainder[start..<end]
  }

  private static func word(_ word: Substring, isProgram: Bool) -> String {
    // The value of an option, "--config=/etc/server.conf".
    let value = word.utf8.first == UInt8(ascii: "-") ? word.utf8.firstIndex(of: UInt8(ascii: "=")) : nil
    let place = value.map { word.utf8.index(after: $0) } ?? word.startIndex
    var path = word[place...]
    let isPath = path.utf8.first == UInt8(ascii: "/") || isProgram && path.utf8.contains(UInt8(ascii: "/"))
    if isPath { path = lastPart(of: path) }
    let text = word[..<place] + path
    // Bytes are counted first: characters take much longer.
    if text.utf8.count <= argumentLimit || text.prefix(argumentLimit + 1).count <= argumentLimit { return String(text) }
    return text.prefix(argumentLimit - 1) + "…"
  }

  /// The last part of a path without the slashes after it; a path of slashes as it is.
  private static func lastPart(of path: Substring) -> Substring {
    let slash = UInt8(ascii: "/")
    guard let last = path.utf8.lastIndex(where: { $0 != slash }) else { return path }
    let end = path.utf8.index(after: last)
    let start = path.utf8[..<last].lastIndex(of: slash).map { path.utf8.index(after: $0) } ?? path.startIndex
    return path[start..<end]
  }
}
