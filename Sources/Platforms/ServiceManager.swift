/// Actions of the command line on the agent's service.
package enum ServiceAction: String, CaseIterable, Sendable {
  case install, start, stop, restart, status, uninstall
}

/// The system's manager of services, for systems whose services are not files: Windows.
package protocol ServiceManager: Sendable {
  /// Performs an action; returns the lines that describe its result, with warnings first.
  ///
  /// - Parameters:
  ///   - options: the agent's command line as a service, for an installation.
  /// - Throws: ServiceFailure.
  func perform(_ action: ServiceAction, options: [String]) throws(ServiceFailure) -> [String]

  /// Runs as a service: answers the manager first, then calls `body`, whose result is the exit code.
  ///
  /// - Parameter stop: makes `body` return; called on another thread.
  /// - Throws: ServiceFailure if the manager did not start this process.
  func run(_ body: @escaping @Sendable () -> Int32, stop: @escaping @Sendable () -> Void) throws(ServiceFailure)
    -> Int32

  /// Writes a line to the system's log.
  func log(_ severity: ServiceLogSeverity, _ line: String)
}

package enum ServiceLogSeverity: UInt32, Sendable {
  case error = 1
  case warning = 2
  case information = 4
}

/// Reason that an action of a service failed, in one line.
package struct ServiceFailure: Error, Hashable, CustomStringConvertible {
  package enum Kind: Sendable {
    case failed
    /// The caller lacks the rights.
    case forbidden
    /// The service is not running, or not installed; of a status.
    case notRunning
  }

  package let description: String
  package let kind: Kind

  package init(_ description: String, _ kind: Kind = .failed) {
    self.description = description
    self.kind = kind
  }
}
