/// Sign of life of the sampler's thread, for a service manager's watchdog.
///
/// The thread itself sends it: a sampler that hangs in a source stops it.
package struct Heartbeat: Sendable {
  /// Maximum seconds between two signs while the sampler waits.
  let interval: Double
  let beat: @Sendable () -> Void

  package init(interval: Double, beat: @escaping @Sendable () -> Void) {
    self.interval = interval
    self.beat = beat
  }
}
