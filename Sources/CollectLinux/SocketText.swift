internal import KernelFiles
internal import SystemIO

/// A table of sockets in /proc/[pid]/net, by its file name.
enum SocketKind: String, CaseIterable {
  case tcp, tcp6, udp, udp6, unix
}

/// Parser of /proc/[pid]/net/unix (net/unix/af_unix.c): a header, then a line per socket with its inode and, unless it is
/// unnamed, its path.
enum UnixSocketParser {
  /// Calls `body` with the inode and the description of each socket.
  static func parse(_ bytes: Span<UInt8>, _ body: (_ inode: String, _ text: String) -> Void) {
    var position = 0
    bytes.skipLine(&position)
    while position < bytes.count {
      var words: [Range<Int>] = []
      while words.count < 8, let word = bytes.word(&position) { words.append(word) }
      bytes.skipLine(&position)
      guard words.count >= 7 else { continue }
      body(bytes.string(words[6]), "unix " + (words.count > 7 ? bytes.string(words[7]) : "unnamed"))
    }
  }
}

/// The sockets of /proc/[pid]/net as texts.
enum SocketText {
  private static let states = [
    "", "established", "syn sent", "syn received", "fin wait 1", "fin wait 2", "time wait", "closed", "close wait",
    "last ack", "listening", "closing",
  ]

  /// Calls `body` with the inode and the description of each socket.
  static func forEach(in bytes: Span<UInt8>, _ kind: SocketKind, _ body: (_ inode: String, _ text: String) -> Void) {
    if kind == .unix { return UnixSocketParser.parse(bytes, body) }
    var position = 0
    while let line = SocketListParser.next(bytes, &position) {
      guard let inode = line.inode, let local = address(bytes, line.local), let remote = address(bytes, line.remote)
      else { continue }
      var text = kind.rawValue + " " + local
      if !remote.hasSuffix(":0") { text += " to " + remote }
      let isUDP = kind == .udp || kind == .udp6
      if !isUDP, let name = states.place(Int(clamping: line.state)) { text += " " + name }
      body(bytes.string(inode), text)
    }
  }

  /// An address and port, `127.0.0.1:80` or `[::1]:80`, from words of the machine's byte order in hexadecimal.
  static func address(_ bytes: Span<UInt8>, _ word: Range<Int>) -> String? {
    var colon = word.lowerBound
    while colon < word.upperBound, bytes[colon] != UInt8(ascii: ":") { colon += 1 }
    let digits = colon - word.lowerBound
    guard digits == 8 || digits == 32, colon < word.upperBound,
      let port = bytes.hexadecimal(colon + 1..<word.upperBound)
    else { return nil }
    var octets: [UInt8] = []
    for start in stride(from: word.lowerBound, to: colon, by: 8) {
      guard let value = bytes.hexadecimal(start..<start + 8) else { return nil }
      // In memory, the bytes of each word are in the network's order.
      let word = UInt32(truncatingIfNeeded: value).littleEndian
      octets += [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) }
    }
    if digits == 8 { return octets.map(String.init).joined(separator: ".") + ":" + String(port) }
    let groups = stride(from: 0, to: 16, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
    return "[" + shortened(groups) + "]:" + String(port)
  }

  /// The groups of an IPv6 address with the longest run of zeros left out (RFC 5952).
  private static func shortened(_ groups: [UInt16]) -> String {
    // IPv4 in IPv6.
    if groups[..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xFFFF {
      let parts = [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255]
      return "::ffff:" + parts.map { String($0) }.joined(separator: ".")
    }
    var best = 0..<0
    var start = 0
    while start < groups.count {
      var end = start
      while end < groups.count, groups[end] == 0 { end += 1 }
      if end - start > max(1, best.count) { best = start..<end }
      start = end + 1
    }
    func text(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty ? text(groups[...]) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}

extension [String] {
  /// The element at a place; nil outside and for an empty one.
  fileprivate func place(_ index: Int) -> String? {
    indices.contains(index) && !self[index].isEmpty ? self[index] : nil
  }
}
