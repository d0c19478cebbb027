/// Failure of a system call: the action, its object, and errno.
package struct SystemError: Error, Hashable, CustomStringConvertible {
  /// The call and its object, such as "open /proc/stat".
  package let action: String
  /// errno after the call.
  package let code: Int32

  /// Creates a failure with an errno.
  package init(_ action: String, code: Int32 = errno) {
    self.action = action
    self.code = code
  }

  /// One line such as "open /proc/stat: No such file or directory".
  package var description: String {
    action + ": " + Self.text(of: code)
  }

  /// Text of an errno, with the limit if descriptors ran out: "too many open files (limit 64)".
  package static func text(of code: Int32) -> String {
    code == EMFILE
      ? "too many open files (limit \(ProcessSettings.raiseDescriptorLimit()))" : String(cString: strerror(code))
  }

  /// Whether the object is missing, as on a machine without it.
  package var isAbsent: Bool {
    code == ENOENT || code == ENOTDIR || code == ENODEV || code == ENXIO || code == ENODATA || code == EOPNOTSUPP
  }
}
