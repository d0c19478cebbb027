import TestSupport
import Testing

@testable import CollectLinux

/// Paths of control groups, as created by engines and systemd.
@Suite struct ServiceNameTests {
  private static let id = "f659de946112140fd722cddfd24015a8c9fce51b7ab7f007ac30612b6f9acfc9"
  private static let uuid = "0a1b2c3d-1111-2222-3333-444455556666"
  private static let task = "0aa1b2c3d4e5f60718293a4b5c6d7e8f"

  static let groups: [(String, String?)] = [
    // containerd below a systemd unit, runc's form for systemd used with cgroupfs.
    (
      "/system.slice/containerd.service/kubepods-burstable-podb4f3dfaf.slice:cri-containerd:\(id)",
      "containerd:f659de946112"
    ),
    ("/kubepods-burstable-pod2fc932ce.slice:cri-containerd:\(id)", "containerd:f659de946112"),
    ("/system.slice/kubepods-besteffort-pod11.slice:crio:\(id)", "crio:f659de946112"),
    ("/user.slice:runc:my-container", "runc:my-container"),
    ("/kubepods.slice/kubepods-pod36.slice/cri-containerd-\(id).scope", "containerd:f659de946112"),
    (
      "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod2.slice/cri-containerd-\(id).scope",
      "containerd:f659de946112"
    ),
    ("/kubelet/kubepods/burstable/pod26822839/\(id)", "kubernetes:f659de946112"),
    ("/kubepods/burstable/podf6adb0af-0855-4bab-b25b-c853f18d0ce2/\(id)", "kubernetes:f659de946112"),
    ("/kubepods/burstable/podf6adb0af-0855-4bab-b25b-c853f18d0ce2", nil),
    ("/kubepods/besteffort/pod1/crio-\(id)", "crio:f659de946112"),
    ("/kubepods.slice/kubepods-pod1.slice/crio-\(id).scope/container", "crio:f659de946112"),
    ("/docker/\(id)", "docker:f659de946112"),
    ("/mycompany.slice/docker-\(id).scope", "docker:f659de946112"),
    ("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-\(id).scope", "docker:f659de946112"),
    ("/system.slice/balena-\(id).scope", "balena:f659de946112"),
    ("/system.slice/nerdctl-\(id).scope", "containerd:f659de946112"),
    // docker --cgroup-parent=/my/batch, GitHub's runner: the path does not contain the engine.
    ("/my/batch/\(id)", "container:f659de946112"),
    ("/actions_job/\(id)", "container:f659de946112"),
    ("/docker/buildkit/y7ijeyt8c1j3nq43uf6p2ov9x", "buildkit:y7ijeyt8c1j3"),
    ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope/container", "podman:f659de946112"),
    ("/machine.slice/libpod-conmon-\(id).scope", "podman:f659de946112"),
    ("/user.slice/user@1000.service/app.slice/web.service/libpod-payload-\(id)", "podman:f659de946112"),
    ("/libpod_parent/libpod-\(id)", "podman:f659de946112"),
    ("/ecs/\(task)/\(task)-2413506212", "ecs:0aa1b2c3d4e5"),
    ("/ecs/\(task)/\(id)", "ecs:f659de946112"),
    ("/ecstasks.slice/ecstasks-\(task).slice/docker-\(id).scope", "docker:f659de946112"),
    ("/system.slice/garden.service/garden/good/\(uuid)", "garden:0a1b2c3d"),
    ("/nomad.slice/share.slice/\(uuid).redis.scope", "nomad:0a1b2c3d"),
    ("/mesos/\(uuid)", "mesos:0a1b2c3d"),
    ("/kata_overhead/\(id)", "kata:f659de946112"),
    ("/kata_\(id)", "kata:f659de946112"),
    ("/qemu.slice/101.scope", "qemu:101"),
    ("/machine.slice/machine-qemu\\x2d1\\x2dweb.scope/libvirt/emulator", "machine:qemu-1-web"),
    ("/machine/web.libvirt-qemu/vcpu0", "qemu:web"),
    ("/lxc/103/ns/system.slice/nginx.service", "lxc:103"),
    ("/lxc.payload.web/system.slice/nginx.service", "lxc:web"),
    ("/lxc.payload/web/init.scope", "lxc:web"),
    ("/machine.slice/systemd-nspawn@web.service/payload/system.slice/ssh.service", "machine:web"),
    ("/machine.slice/systemd-nspawn@my\\x2dweb.service/supervisor", "systemd-nspawn@my\\x2dweb.service"),
    ("/machine.slice/machine-web.scope/payload/init.scope", "machine:web"),
    ("/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", "slurm:4711"),
    ("/slurm/uid_1000/job_4712/step_0", "slurm:4712"),
    ("/user.slice/user-1000.slice/user@1000.service/user.slice/apptainer-4711.scope", "apptainer:4711"),
    // A build in a container of a build machine: the outer one.
    ("/docker/\(id)/kubelet/kubepods/besteffort/pod1/\(String(id.reversed()))", "docker:f659de946112"),
    // Not containers: a terminal's tab, an application, a session, an id that is too short.
    ("/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-\(uuid).scope", "user@1000.service"),
    ("/user.slice/user-1000.slice/user@1000.service/app.slice/snap.firefox.firefox-\(uuid).scope", "user@1000.service"),
    ("/user.slice/user-1000.slice/session-3.scope", nil),
    ("/system.slice/docker.service", "docker.service"),
    ("/my/\(id.dropLast())", nil),
    ("/", nil),
  ]

  @Test(arguments: groups) func nameOfAGroup(path: String, name: String?) {
    for text in ["0::\(path)\n", "11:memory:\(path)\n1:name=systemd:\(path)\n"] {
      let bytes = Array(text.utf8)
      #expect(ServiceName.find(in: bytes.span) == name, "\(text)")
    }
  }

  @Test(arguments: groups) func itSurvivesAnything(path: String, name: String?) {
    surviveTruncationAndMutation(of: Array("0::\(path)\n".utf8), mutations: 200) { _ = ServiceName.find(in: $0) }
  }
}
