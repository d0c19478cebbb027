/// Letters that occur in each name of a secret in ``SecretList``: few other names have them and need to be read word by
/// word.
struct SecretTrigrams: Sendable {
  static let shared = SecretTrigrams(
    "pas pat pwd psk pep pin puk pla sec sas sal sig son cre aut nec coo key tok tot jwt bea otp dsn mne jfr")

  private var isMember = [Bool](repeating: false, count: 1 << 15)

  private init(_ list: String) {
    for trigram in list.split(separator: " ") {
      isMember[trigram.utf8.reduce(0) { $0 << 5 | Int($1 & 0x1F) }] = true
    }
  }

  /// Whether one of them, or `pw`, is in a name, in capital or small letters.
  func occur(in name: ArraySlice<UInt8>) -> Bool {
    var code = 0
    var count = 0
    for byte in name {
      guard (0x61...0x7A).contains(byte | 0x20) else {
        count = 0
        continue
      }
      code = (code << 5 | Int(byte & 0x1F)) & 0x7FFF
      count += 1
      if count > 1, code & 0x3FF == Self.pw || count > 2 && isMember[code] { return true }
    }
    return false
  }

  private static let pw = 16 << 5 | 23
}
