import AgentMetrics
import TestSupport
import Testing

@testable import CollectLinux

/// Containers' names in the files of their engines.
@Suite struct ContainerFilesTests {
  private static let id = "e87cea9828709133645e9e2074112265972319911a8f01d38551dda5c1a271e3"

  private static let docker = """
    {"StreamConfig":{},"State":{"Running":true,"Pid":4711},"ID":"\(id)","Created":"2026-01-02T03:04:05.6Z",
    "Path":"/docker-entrypoint.sh","Args":["nginx"],"Config":{"Hostname":"e87cea982870","Env":["PASSWORD=hunter2"],
    "Image":"nginx:1.27","Labels":{"com.docker.compose.project":"shop"}},"Image":"sha256:aa","Name":"/web-shop-1"}
    """
  /// Written by podman 4.3.1.
  private static let podman = #"""
    [{"id":"3a93","names":["other"]},{"id":"e87cea9828709133645e9e2074112265972319911a8f01d38551dda5c1a271e3",
    "names":["web-shop"],"image":"","layer":"9528","metadata":"{\"image-name\":\"docker.io/library/nginx:latest\",
    \"image-id\":\"\",\"name\":\"web-shop\",\"created-at\":1795995102}","created":"2026-11-29T23:31:42.47Z",
    "flags":{"MountLabel":"","ProcessLabel":""}}]
    """#.filter { $0 != "\n" }
  private static let containerd = """
    {"ociVersion":"1.1.0","process":{"env":["TOKEN=abc"]},"annotations":{"io.kubernetes.cri.container-name":"app",
    "io.kubernetes.cri.container-type":"container","io.kubernetes.cri.image-name":"registry.k8s.io/app:v3",
    "io.kubernetes.cri.sandbox-name":"app-7d4b","io.kubernetes.cri.sandbox-namespace":"prod"}}
    """
  private static let crio = """
    {"annotations":{"io.kubernetes.container.name":"db","io.kubernetes.pod.name":"db-0",
    "io.kubernetes.pod.namespace":"prod","io.kubernetes.cri-o.ImageName":"quay.io/db:9"}}
    """

  @Test func engines() {
    let docker = ContainerFiles.docker(Array(Self.docker.utf8).span)
    #expect(docker == ContainerDescription(name: "web-shop-1", image: "nginx:1.27"))
    let podman = ContainerFiles.storage(Array(Self.podman.utf8).span, id: Self.id)
    #expect(podman == ContainerDescription(name: "web-shop", image: "docker.io/library/nginx:latest"))
    #expect(ContainerFiles.storage(Array(Self.podman.utf8).span, id: "none") == nil)
    let containerd = ContainerFiles.bundle(Array(Self.containerd.utf8).span)
    #expect(containerd == ContainerDescription(name: "app", image: "registry.k8s.io/app:v3", pod: "prod/app-7d4b"))
    let crio = ContainerFiles.bundle(Array(Self.crio.utf8).span)
    #expect(crio == ContainerDescription(name: "db", image: "quay.io/db:9", pod: "prod/db-0"))
  }

  @Test func ids() {
    #expect(ContainerFiles.id(in: "/system.slice/docker-\(Self.id).scope") == Self.id)
    #expect(ContainerFiles.id(in: "/docker/\(Self.id)") == Self.id)
    #expect(ContainerFiles.id(in: "/libpod_parent/libpod-\(Self.id)") == Self.id)
    #expect(ContainerFiles.id(in: "/lxc/web") == nil)
    #expect(ContainerFiles.id(in: "/docker/\(Self.id)ab") == nil)
  }

  @Test func damagedFiles() {
    for text in [Self.docker, Self.podman, Self.containerd, Self.crio] {
      surviveTruncationAndMutation(of: Array(text.utf8), mutations: 100) { bytes in
        _ = ContainerFiles.docker(bytes)
        _ = ContainerFiles.storage(bytes, id: Self.id)
        _ = ContainerFiles.bundle(bytes)
      }
    }
  }

  @Test func aWorkloadHasItsNameAndImage() throws {
    let pod = "/kubepods/burstable/podf6ad2a7e-0000-4000-8000-000000000001"
    let group = "sys/fs/cgroup"
    let machine = try Fixture(files: [
      "\(group)/cgroup.controllers": "cpu memory\n",
      "\(group)/docker/\(Self.id)/cpu.stat": "usage_usec 5\n",
      "\(group)\(pod)/cpu.stat": "usage_usec 7\n",
      "var/lib/docker/containers/\(Self.id)/config.v2.json": Self.docker,
      "var/log/pods/prod_app-7d4b_f6ad2a7e-0000-4000-8000-000000000001/app/0.log": "",
    ])
    var reading = Reading()
    reading.boottime = 100
    let collector = WorkloadsCollector(root: machine.root)
    try collector.read(into: &reading)
    reading.boottime += 60
    try collector.read(into: &reading)
    let all = try #require(reading.workloads).all.map(\.names.facts)
    let container = try #require(all.first { $0.kind == .container })
    #expect(container.id == "container:e87cea982870" && container.name == "web-shop-1")
    #expect(container.image == "nginx:1.27")
    let found = try #require(all.first { $0.kind == .pod })
    #expect(found.name == "prod/app-7d4b" && found.podName == "prod/app-7d4b")
  }
}
