import SystemIO

/// Options that contradict each other.
struct UsageError: UserError {
  let description: String
  var exitStatus: Int32 { ExitStatus.usage }
}

/// A required resource that is unavailable.
struct UnavailableError: UserError {
  let description: String
}
