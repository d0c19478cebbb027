internal import CSystemIO

/// Failure of a system call: the action, its object, and errno.
package struct SystemError: UserError, Hashable {
  /// The call and its object, such as "open /proc/stat".
  package let action: String
  /// errno after the call.
  package let code: Int32

  /// Creates a failure with the calling thread's errno.
  package init(_ action: String) {
    self.init(action, code: Self.last)
  }

  /// Creates a failure with an errno.
  package init(_ action: String, code: Int32) {
    self.action = action
    self.code = code
  }

  /// One line such as "open /proc/stat: No such file or directory".
  package var description: String {
    action + ": " + Self.text(of: code)
  }

  /// Text of an errno, with the limit if descriptors ran out: "too many open files (limit 64)".
  package static func text(of code: Int32) -> String {
    if code == ErrorCode.tooManyFiles {
      return "too many open files (limit \(ProcessSettings.raiseDescriptorLimit()))"
    }
    var text = [CChar](repeating: 0, count: 128)
    csystemio_error_text(code, &text, Int64(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The calling thread's errno.
  package static var last: Int32 { csystemio_error() }

  /// Whether the object is missing, as on a machine without it.
  package var isAbsent: Bool {
    switch Int(code) {
    case CSYSTEMIO_ENOENT, CSYSTEMIO_ENOTDIR, CSYSTEMIO_ENODEV, CSYSTEMIO_ENXIO, CSYSTEMIO_ENODATA,
      CSYSTEMIO_EOPNOTSUPP:
      true
    default: false
    }
  }
}

/// The C library's error codes that the agent distinguishes.
package enum ErrorCode {
  package static let again = Int32(CSYSTEMIO_EAGAIN)
  package static let brokenPipe = Int32(CSYSTEMIO_EPIPE)
  package static let connectionRefused = Int32(CSYSTEMIO_ECONNREFUSED)
  package static let connectionReset = Int32(CSYSTEMIO_ECONNRESET)
  package static let interrupted = Int32(CSYSTEMIO_EINTR)
  package static let invalid = Int32(CSYSTEMIO_EINVAL)
  package static let io = Int32(CSYSTEMIO_EIO)
  package static let isFolder = Int32(CSYSTEMIO_EISDIR)
  package static let noAccess = Int32(CSYSTEMIO_EACCES)
  package static let noData = Int32(CSYSTEMIO_ENODATA)
  package static let noProcess = Int32(CSYSTEMIO_ESRCH)
  package static let notFound = Int32(CSYSTEMIO_ENOENT)
  package static let notImplemented = Int32(CSYSTEMIO_ENOSYS)
  package static let notPermitted = Int32(CSYSTEMIO_EPERM)
  /// A device, socket or named pipe in the place of a file.
  package static let notRegular = Int32(CSYSTEMIO_NOT_REGULAR)
  /// Another user's file in a folder that all users may write to.
  package static let planted = Int32(CSYSTEMIO_PLANTED)
  package static let timedOut = Int32(CSYSTEMIO_ETIMEDOUT)
  package static let tooLarge = Int32(CSYSTEMIO_EFBIG)
  package static let tooManyFiles = Int32(CSYSTEMIO_EMFILE)
  package static let wouldBlock = Int32(CSYSTEMIO_EWOULDBLOCK)
}
