internal import SystemIO

/// The container or service that a process belongs to, from /proc/[pid]/cgroup.
///
/// Containers are "engine:first 12 digits of the id", as their engines' own commands show them, or "engine:name" where
/// the engine uses names; services are systemd's units, "ssh.service". A container counts before a service within it.
enum ServiceName {
  /// The name; nil for what belongs to neither, a login session for one.
  static func find(in bytes: Span<UInt8>) -> String? {
    let memberships = CgroupParser.memberships(bytes)
    // Version 2's line, else that of systemd's own hierarchy, else whichever knows most.
    let paths =
      memberships.filter { $0.controllers.isEmpty } + memberships.filter { $0.controllers == ["name=systemd"] }
      + memberships.filter { !$0.controllers.isEmpty && $0.controllers != ["name=systemd"] }
    for membership in paths {
      if let name = container(in: membership.path) { return name }
    }
    for membership in paths {
      if let name = service(in: membership.path) { return name }
    }
    return nil
  }

  /// Prefixes of the scopes that engines make, with the names under which they are known.
  private static let scopes = [
    ("docker-", "docker"), ("libpod-", "podman"), ("cri-containerd-", "containerd"), ("crio-", "crio"),
    ("nerdctl-", "containerd"), ("containerd-", "containerd"), ("isulad-", "isulad"),
  ]

  private static func container(in path: String) -> String? {
    let parts = path.split(separator: "/")
    for (index, part) in parts.enumerated() {
      let before = index > 0 ? parts[index - 1] : ""
      if part.hasSuffix(".scope") {
        let stem = part.dropLast(".scope".count)
        for (prefix, engine) in scopes where stem.hasPrefix(prefix) {
          if let id = identifier(stem.dropFirst(prefix.count)) { return engine + ":" + id }
        }
        if stem.hasPrefix("machine-") { return "machine:" + unescaped(stem.dropFirst("machine-".count)) }
      }
      if before == "docker", let id = identifier(part) { return "docker:" + id }
      if before == "libpod_parent", part.hasPrefix("libpod-"), let id = identifier(part.dropFirst("libpod-".count)) {
        return "podman:" + id
      }
      if before == "lxc" { return "lxc:" + part }
      if part.hasPrefix("lxc.payload.") { return "lxc:" + part.dropFirst("lxc.payload.".count) }
      if before.hasPrefix("job_") || part.hasPrefix("job_") {
        let job = part.hasPrefix("job_") ? part : before
        let isSlurm = parts[..<index].contains { $0.hasPrefix("slurm") }
        if isSlurm, job.dropFirst("job_".count).allSatisfy(\.isNumber) { return "slurm:" + job.dropFirst("job_".count) }
      }
      if path.hasPrefix("/kubepods"), index == parts.count - 1 || index > 1, let id = identifier(part) {
        return "kubernetes:" + id
      }
      if before.hasPrefix("ecs"), let id = identifier(part) { return "ecs:" + id }
    }
    return nil
  }

  private static func service(in path: String) -> String? {
    path.split(separator: "/").last { $0.hasSuffix(".service") }.map { unescaped($0) }
  }

  /// The first 12 digits of a container's id, which has 64; nil when it is none.
  private static func identifier(_ text: Substring) -> String? {
    guard text.utf8.count == 64, text.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0) }) else { return nil }
    return String(text.prefix(12))
  }

  /// systemd.unit(5) escapes bytes as `\x2d`.
  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
        let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
