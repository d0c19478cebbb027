internal import SystemIO

/// A Unix domain socket to listen on; its permissions decide which users may connect, without a token.
package struct UnixSocket: Sendable, Equatable {
  /// The path for the settings' defaults.
  package static let standardPath = "/run/worker-agent/agent.sock"
  /// Longest path that the kernel accepts (unix(7): 108 bytes with the NUL).
  private static let maxPath = 107

  package let path: String
  /// Group of the socket; nil for the process's own.
  package var group: UInt32?
  /// POSIX permissions.
  package var mode: UInt32 = 0o660

  /// Parses `unix:/PATH`, optionally with `,group=NAME` and `,mode=0660`; nil if it is malformed.
  ///
  /// - Parameter groups: contents of /etc/group.
  package init?(_ text: String, groups: () -> String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts[0].hasPrefix("unix:/"), !parts[0].hasSuffix("/"), !parts[0].utf8.contains(0) else { return nil }
    path = String(parts[0].dropFirst(5))
    guard path.utf8.count <= Self.maxPath else { return nil }
    for part in parts.dropFirst() {
      if part.hasPrefix("group="), let number = Self.group(part.dropFirst(6), groups()) {
        group = number
      } else if part.hasPrefix("mode="), let number = UInt32(part.dropFirst(5), radix: 8), number <= 0o777 {
        mode = number
      } else {
        return nil
      }
    }
  }

  /// Why a text of the right form is refused; nil for another one.
  package static func problem(_ text: String, groups: () -> String) -> String? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts[0].hasPrefix("unix:/") else { return nil }
    if parts[0].utf8.count - 5 > maxPath { return "must have a path of at most \(maxPath) bytes" }
    for part in parts.dropFirst() where part.hasPrefix("group=") {
      let name = part.dropFirst(6)
      if group(name, groups()) == nil { return "there is no group \"\(name)\"" }
    }
    return nil
  }

  /// The number of a group by its name or number.
  private static func group(_ name: Substring, _ groups: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    for line in groups.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      if fields.count >= 3, fields[0] == name { return UInt32(fields[2]) }
    }
    return nil
  }
}
