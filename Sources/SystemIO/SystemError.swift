/// A system call's failure: what was done to what, and errno.
package struct SystemError: Error, Hashable, CustomStringConvertible {
  /// The call and its object, "open /proc/stat".
  package let action: String
  /// errno as the call left it.
  package let code: Int32

  /// A failure by its errno.
  package init(_ action: String, code: Int32 = errno) {
    self.action = action
    self.code = code
  }

  /// One line, "open /proc/stat: No such file or directory".
  package var description: String {
    action + ": " + Self.text(of: code)
  }

  /// The meaning of an errno, with the limit where descriptors ran out: "too many open files (limit 64)".
  package static func text(of code: Int32) -> String {
    code == EMFILE
      ? "too many open files (limit \(ProcessSettings.raiseDescriptorLimit()))" : String(cString: strerror(code))
  }

  /// Whether the thing is not there, as on a machine that does not have it.
  package var isAbsent: Bool {
    code == ENOENT || code == ENOTDIR || code == ENODEV || code == ENXIO || code == ENODATA || code == EOPNOTSUPP
  }
}
