#if os(Linux)
  import Glibc
  import SystemIO
  import Testing

  /// A terminal without a screen: stores its output and types input.
  final class PseudoTerminal {
    /// The program's side.
    let slave: Int32
    private let master: Int32
    private let written = Condition<[UInt8]>([])
    private var marks = 0

    /// - Parameters:
    ///   - isRead: whether its output is read; otherwise it holds 4 KiB.
    ///   - answers: whether it answers the status query (DSR 5), as terminals do.
    init(columns: UInt16, rows: UInt16, isRead: Bool = true, answers: Bool = true) throws {
      // posix_openpt(3) and related calls by hand (ioctl_tty(2)): Swift's Glibc does not export them.
      master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      var lock: Int32 = 0
      var number: Int32 = 0
      try #require(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
      slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
      try #require(slave >= 0)
      // struct winsize.
      var size: [UInt16] = [rows, columns, 0, 0]
      try #require(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
      guard isRead else { return }
      let (master, written) = (master, written)
      Thread.start("terminal") {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let question = Array("\u{1B}[5n".utf8)
        var matched = 0
        while case let count = read(master, &bytes, bytes.count), count > 0 {
          let new = bytes[..<count]
          written.update { $0 += new }
          guard answers else { continue }
          for byte in new {
            matched = byte == question[matched] ? matched + 1 : byte == question[0] ? 1 : 0
            guard matched == question.count else { continue }
            matched = 0
            _ = write(master, "\u{1B}[0n", 4)
          }
        }
      }
    }

    /// Current modes of the line.
    var modes: termios {
      get throws {
        var modes = termios()
        try #require(tcgetattr(slave, &modes) == 0)
        return modes
      }
    }

    /// Returns the output since the last call.
    func takeOutput() throws -> [UInt8] {
      // The mark follows all earlier output.
      marks += 1
      let mark = Array("\u{1}mark \(marks)\u{2}".utf8)
      try #require(write(slave, mark, mark.count) == mark.count)
      let output = written.wait(atMost: 60) { bytes -> [UInt8]? in
        guard bytes.count >= mark.count, Array(bytes.suffix(mark.count)) == mark else { return nil }
        let output = Array(bytes.dropLast(mark.count))
        bytes = []
        return output
      }
      return try #require(output, "the output did not arrive")
    }

    /// Types a text.
    func type(_ text: String) {
      let bytes = Array(text.utf8)
      #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    /// Closes the terminal like a window; only without a reader.
    func hangUp() { close(master) }
  }
#endif
