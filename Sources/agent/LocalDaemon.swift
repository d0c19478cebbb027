import AgentMetrics
import Query
import SampleStore
import Remote
import SystemIO

/// An agent that already serves on this machine: a dashboard starts with its samples in memory, and queries its
/// archive.
struct LocalDaemon {
  let access: DaemonAccess

  private func answer(atMost count: Int) async -> (RemoteMachine, [Sample])? {
    for address in access.addresses {
      let daemon = RemoteMachine(
        address, by: transport, token: { [access] in access.token(for: address) }, capacity: 1)
      if let samples = try? await daemon.remembered(atMost: count) { return (daemon, samples) }
    }
    return nil
  }

  /// Prepends its samples to a history; no effect if there is no agent, or one of another machine.
  func remember(into history: History) async {
    guard let (daemon, samples) = await answer(atMost: history.capacity), let newest = samples.last else { return }
    let own = await history.first().sample
    guard newest.host.hostname == own.host.hostname, !newest.host.isDemo,
      abs(newest.host.bootTime - own.host.bootTime) < 5
    else { return }
    history.restore(
      samples.map { sample in
        var sample = sample
        // Converted to this process's clocks, across reboots too.
        sample.boottime = own.boottime - (own.timestamp.seconds - sample.timestamp.seconds)
        return sample
      })
    // An archive of this process has the same samples, or is locked by that agent.
    guard history.archive?.oldest == nil, let kept = await daemon.longHistory(remembered: samples) else { return }
    history.archive = kept
  }
}
