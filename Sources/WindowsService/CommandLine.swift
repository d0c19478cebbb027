/// Command lines as Windows passes them to programs.
enum CommandLine {
  /// Joins arguments so that CommandLineToArgvW, and Microsoft's C library, split them again.
  ///
  /// The program's path is always quoted: else `C:\Program Files\agent.exe` would also start `C:\Program.exe`.
  static func text(program: String, arguments: [String]) -> String {
    (["\"\(program)\""] + arguments.map(quoted)).joined(separator: " ")
  }

  /// An argument in quotes if it needs them; backslashes are doubled only before a quote.
  static func quoted(_ argument: String) -> String {
    guard argument.isEmpty || argument.utf8.contains(where: { $0 == 0x20 || $0 == 0x09 || $0 == 0x22 }) else {
      return argument
    }
    var text = "\""
    var backslashes = 0
    for character in argument {
      if character == "\\" {
        backslashes += 1
        continue
      }
      text += String(repeating: "\\", count: character == "\"" ? backslashes * 2 + 1 : backslashes)
      text.append(character)
      backslashes = 0
    }
    return text + String(repeating: "\\", count: backslashes * 2) + "\""
  }
}
