import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

/// Workloads by the paths of control groups, as created by engines, batch systems and systemd.
@Suite struct WorkloadPathTests {
  private static let id = "f659de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9"
  private static let other = "a0b1de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9"
  private static let uid = "f6adb0af-0855-4bab-b25b-c853f18d0ce2"

  struct Expectation: Sendable {
    let path: String
    /// Its id; nil for no workload.
    let id: String?
    /// The workload's group.
    var group = ""
    var user: UInt64?
    var pod: String?
  }

  static let groups: [Expectation] = [
    Expectation(path: "/docker/\(id)", id: "container:f659de946112", group: "/docker/\(id)"),
    Expectation(
      path: "/system.slice/docker-\(id).scope/init", id: "container:f659de946112",
      group: "/system.slice/docker-\(id).scope"),
    // A container in a container belongs to the outer one.
    Expectation(path: "/docker/\(id)/docker/\(other)", id: "container:f659de946112", group: "/docker/\(id)"),
    Expectation(
      path: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(uid.replacing("-", with: "_")).slice/"
        + "cri-containerd-\(id).scope", id: "container:f659de946112",
      group: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(uid.replacing("-", with: "_")).slice/"
        + "cri-containerd-\(id).scope", pod: uid),
    Expectation(
      path: "/kubepods/burstable/pod\(uid)/\(id)", id: "container:f659de946112",
      group: "/kubepods/burstable/pod\(uid)/\(id)", pod: uid),
    Expectation(
      path: "/kubelet/kubepods/burstable/pod\(uid)/\(id)", id: "container:f659de946112",
      group: "/kubelet/kubepods/burstable/pod\(uid)/\(id)", pod: uid),
    Expectation(
      path: "/kubelet/kubepods/burstable/pod\(uid)", id: "pod:\(uid)", group: "/kubelet/kubepods/burstable/pod\(uid)",
      pod: uid),
    Expectation(path: "/kubepods/burstable", id: nil),
    Expectation(path: "/kubepods.slice/kubepods-burstable.slice", id: nil),
    Expectation(
      path: "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope/container",
      id: "container:f659de946112", group: "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope"
    ),
    Expectation(
      path: "/machine.slice/libpod-conmon-\(id).scope", id: "container:f659de946112-conmon",
      group: "/machine.slice/libpod-conmon-\(id).scope"),
    Expectation(
      path: "/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", id: "job:4711",
      group: "/system.slice/slurmstepd.scope/job_4711"),
    Expectation(
      path: "/system.slice/node7_slurmstepd.scope/job_7/step_0", id: "job:7",
      group: "/system.slice/node7_slurmstepd.scope/job_7"),
    Expectation(
      path: "/slurm/uid_1000/job_4712/step_0", id: "job:4712", group: "/slurm/uid_1000/job_4712", user: 1_000),
    Expectation(path: "/slurm/uid_1000", id: nil),
    Expectation(
      path: "/system.slice/ssh.service", id: "service:ssh.service", group: "/system.slice/ssh.service"),
    Expectation(
      path: "/system.slice/system-getty.slice/getty@tty1.service", id: "service:getty@tty1.service",
      group: "/system.slice/system-getty.slice/getty@tty1.service"),
    Expectation(
      path: "/system.slice/my\\x2dapp.service/worker", id: "service:my\\x2dapp.service",
      group: "/system.slice/my\\x2dapp.service"),
    Expectation(path: "/init.scope", id: "service:init.scope", group: "/init.scope"),
    Expectation(path: "/system.slice", id: nil),
    Expectation(
      path: "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
      id: "user:1000/pipewire.service",
      group: "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
      user: 1_000),
    Expectation(
      path: "/user.slice/user-1000.slice/user@1000.service", id: "user:user@1000.service",
      group: "/user.slice/user-1000.slice/user@1000.service", user: 1_000),
    Expectation(
      path: "/user.slice/user-1000.slice/session-3.scope", id: "session:3",
      group: "/user.slice/user-1000.slice/session-3.scope", user: 1_000),
    Expectation(
      path: "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/vcpu0", id: "vm:qemu-1-web",
      group: "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"),
    Expectation(path: "/qemu.slice/101.scope", id: "vm:101", group: "/qemu.slice/101.scope"),
    Expectation(
      path: "/lxc/103/ns/system.slice/nginx.service", id: "container:103", group: "/lxc/103"),
    Expectation(path: "/mine", id: "other:/mine", group: "/mine"),
    Expectation(path: "/mine/a/b/c", id: "other:/mine/a", group: "/mine/a"),
    Expectation(path: "/my.slice/jobs/a/b", id: "other:/my.slice/jobs/a", group: "/my.slice/jobs/a"),
    // Outside the agent's own cgroup namespace.
    Expectation(path: "/../\(id)", id: "container:f659de946112", group: "/../\(id)"),
    Expectation(path: "/..", id: nil),
    Expectation(path: "/", id: nil),
  ]

  @Test(arguments: groups) func workloadOfAGroup(expected: Expectation) {
    let found = WorkloadPath(expected.path)
    #expect(found?.id == expected.id, "\(expected.path)")
    #expect((found?.path ?? "") == expected.group)
    #expect(found?.user == expected.user)
    #expect(found?.pod == expected.pod)
    // The workload's own group is the same workload, so that a walk finds what the processes tell.
    if let found { #expect(WorkloadPath(found.path) == found) }
    let bytes = Array("0::\(expected.path)\n".utf8)
    #expect(WorkloadPath.find(in: bytes.span)?.id == expected.id)
  }

  @Test func aUnitInOneHierarchyComesBeforeAnUnknownGroupInAnother() {
    let bytes = Array("9:name=systemd:/system.slice/ssh.service\n4:memory:/mine\n2:cpuacct:/\n0::/\n".utf8)
    #expect(WorkloadPath.find(in: bytes.span)?.id == "service:ssh.service")
    let unknown = Array("4:memory:/mine\n2:cpuacct:/\n0::/\n".utf8)
    #expect(WorkloadPath.find(in: unknown.span)?.id == "other:/mine")
  }

  @Test func longAndDeepPathsAreBounded() {
    let long = "/" + String(repeating: "x", count: 255) + "/" + String(repeating: "y", count: 255)
    #expect(WorkloadPath(long)?.id.utf8.count ?? 0 < 230)
    let deep = String(repeating: "/a.slice", count: 500) + "/ssh.service"
    #expect(WorkloadPath(deep) == nil)
  }

  @Test(arguments: groups) func itSurvivesAnything(expected: Expectation) {
    surviveTruncationAndMutation(of: Array("0::\(expected.path)\n".utf8), mutations: 200) { bytes in
      _ = WorkloadPath.find(in: bytes)
    }
  }
}
