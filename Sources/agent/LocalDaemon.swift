import AgentMetrics
import History
import Remote

/// An agent that serves on this machine already: a dashboard begins with what it remembers, and asks it for what it keeps
/// longer.
struct LocalDaemon {
  let port: Int
  let token: @Sendable () -> String?

  /// Puts what it remembers before the samples of a history; nothing where there is none, or where it is no agent of this
  /// machine.
  func remember(into history: History) async {
    guard let daemon = try? RemoteMachine("127.0.0.1:\(port)", token: token, capacity: 1),
      let samples = try? await daemon.remembered(atMost: history.capacity), let newest = samples.last
    else { return }
    let own = await history.first().sample
    guard newest.host.hostname == own.host.hostname, !newest.host.isDemo,
      abs(newest.host.bootTime - own.host.bootTime) < 5
    else { return }
    history.restore(
      samples.map { sample in
        var sample = sample
        // Told by this process's own clocks, across reboots too.
        sample.boottime = own.boottime - (own.timestamp.seconds - sample.timestamp.seconds)
        return sample
      })
    // An archive of this process's own has the same, or is locked by that agent.
    guard history.archive?.oldest == nil, let kept = await daemon.longHistory(remembered: samples) else { return }
    history.archive = kept
  }
}
