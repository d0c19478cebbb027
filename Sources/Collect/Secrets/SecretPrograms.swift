internal import SystemIO

/// The programs of ``SecretList`` by name.
struct SecretPrograms: Sendable {
  static let shared = SecretPrograms()

  private var byName: [String: SecretList.Program] = [:]
  private var byBeginning: [(beginning: String, program: SecretList.Program)] = []

  private init() {
    for program in SecretList.programs {
      for name in program.names {
        if name.hasSuffix("*") {
          byBeginning.append((String(name.dropLast()), program))
        } else {
          byName[name] = program
        }
      }
    }
  }

  /// The program that an argument names, with or without a path.
  func program(of argument: ArraySlice<UInt8>) -> SecretList.Program? {
    var name = argument[
      ((argument.lastIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") } ?? argument.startIndex - 1) + 1)...]
    // A login shell's.
    if name.first == UInt8(ascii: "-") { name = name.dropFirst() }
    guard (2...24).contains(name.count), name.allSatisfy({ !$0.isBlankOrNewline }) else { return nil }
    if name.suffix(4).elementsEqual(".exe".utf8) { name = name.dropLast(4) }
    let text = String(decoding: name, as: UTF8.self)
    return byName[text] ?? byBeginning.first { text.hasPrefix($0.beginning) }?.program
  }
}
