import Collect
import Dashboard
import Platforms
import SystemIO

extension Platform {
  /// Actions of a dashboard on the processes of the running machine; nil where the system gives no access to them.
  func processControl(_ commandLines: CommandLineDetail) -> ProcessControl? {
    guard let processes = processes(root: "", commandLines: commandLines) else { return nil }
    let calls = ProcessCalls(startTime: processes.startTime)
    var control = ProcessControl(
      details: processes.details,
      hold: { pid, start in
        do throws(HeldProcess.Failure) {
          let process = try HeldProcess(pid: pid, start: start, calls: calls)
          return .success { process.signal($0) }
        } catch {
          return .failure(SignalRefusal(error.description))
        }
      },
      renice: { pid, start, nice in
        do throws(HeldProcess.Failure) {
          return try HeldProcess(pid: pid, start: start, calls: calls).setNice(nice)
        } catch {
          return error.description
        }
      }, hasThreads: processes.hasThreads)
    if processes.hasIOPriorities {
      control.ioPriority = { pid in
        let priority = calls.ioPriority(pid)
        return priority >= 0 ? priority : nil
      }
      control.setIOPriority = { pid, start, priority in
        do throws(HeldProcess.Failure) {
          return try HeldProcess(pid: pid, start: start, calls: calls).setIOPriority(priority)
        } catch {
          return error.description
        }
      }
    }
    return control
  }
}
