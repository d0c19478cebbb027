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
    for (index, word) in command.prefix(limit * 40).split(separator: " ").enumerated() {
      let part = self.word(word, isProgram: index == 0)
      let length = part.count + (index == 0 ? 0 : 1)
      guard length <= rest else { return short.isEmpty ? part.prefix(limit - 1) + "…" : short + " …" }
      short += (index == 0 ? "" : " ") + part
      rest -= length
    }
    return short
  }

  private static func word(_ word: Substring, isProgram: Bool) -> String {
    // The value of an option, "--config=/etc/server.conf".
    let value = word.hasPrefix("-") ? word.firstIndex(of: "=").map { word.index(after: $0) } : word.startIndex
    var (name, path) = ("", word)
    if let value { (name, path) = (String(word[..<value]), word[value...]) }
    let isPath = path.hasPrefix("/") || isProgram && path.contains("/")
    if isPath, let last = path.split(separator: "/").last { path = last }
    let text = name + path
    return text.count <= argumentLimit ? text : text.prefix(argumentLimit - 1) + "…"
  }
}
