internal import SystemIO

/// Facts about a container from the files of its engine.
struct ContainerDescription: Hashable, Sendable {
  /// Name that people know: "web-shop", in Kubernetes the container's name in its pod.
  var name: String?
  var image: String?
  /// Pod as "namespace/name".
  var pod: String?

  var isEmpty: Bool { self == ContainerDescription() }
}

/// The files in which container engines describe containers, which only root can read.
///
/// Only the named members are kept: the files hold the containers' environments, too.
enum ContainerFiles {
  /// Maximum bytes of a file.
  static let maxBytes = 1 << 20
  /// Maximum bytes kept of a text.
  private static let maxText = 256

  /// A file by the id of a container, and its parser.
  struct Source: Sendable {
    let path: @Sendable (_ id: String) -> String
    let parse: @Sendable (_ bytes: Span<UInt8>, _ id: String) -> ContainerDescription?
  }

  static let all: [Source] = [
    Source(path: { "/var/lib/docker/containers/\($0)/config.v2.json" }, parse: { bytes, _ in docker(bytes) }),
    Source(path: { _ in "/var/lib/containers/storage/overlay-containers/containers.json" }, parse: storage),
    Source(
      path: { "/run/containers/storage/overlay-containers/\($0)/userdata/config.json" },
      parse: { bytes, _ in bundle(bytes) }),
    Source(
      path: { "/run/containerd/io.containerd.runtime.v2.task/k8s.io/\($0)/config.json" },
      parse: { bytes, _ in bundle(bytes) }),
    Source(
      path: { "/run/containerd/io.containerd.runtime.v2.task/default/\($0)/config.json" },
      parse: { bytes, _ in bundle(bytes) }),
  ]

  /// Parses Docker's config.v2.json: `{"Name":"/web","Config":{"Image":"nginx:1.27","Labels":{…}}}`.
  static func docker(_ bytes: Span<UInt8>) -> ContainerDescription? {
    guard let json = JSONValue(bytes, longestString: maxText) else { return nil }
    var description = ContainerDescription()
    let name = json["Name"]?.text
    description.name = text(name?.first == "/" ? name.map { String($0.dropFirst()) } : name)
    description.image = text(json["Config"]?["Image"]?.text)
    let labels = json["Config"]?["Labels"]
    description.add(
      name: labels?["io.kubernetes.container.name"], pod: labels?["io.kubernetes.pod.name"],
      namespace: labels?["io.kubernetes.pod.namespace"], image: nil)
    return description.isEmpty ? nil : description
  }

  /// Parses containers.json of containers/storage, an array of all containers, whose metadata is a JSON text.
  static func storage(_ bytes: Span<UInt8>, id: String) -> ContainerDescription? {
    guard let json = JSONValue(bytes, longestString: 4_096),
      let container = json.elements.first(where: { $0["id"]?.text == id })
    else { return nil }
    var description = ContainerDescription()
    description.name = text(container["names"]?.elements.first?.text)
    if let metadata = container["metadata"]?.text, let inner = JSONValue(Array(metadata.utf8).span) {
      description.image = text(inner["image-name"]?.text)
      // CRI-O's: its own name is made of the pod's.
      description.add(name: nil, pod: inner["pod-name"], namespace: nil, image: nil)
    }
    return description.isEmpty ? nil : description
  }

  /// Parses config.json of an OCI bundle by the annotations of containerd's and CRI-O's Kubernetes interface, and
  /// nerdctl's.
  static func bundle(_ bytes: Span<UInt8>) -> ContainerDescription? {
    guard let annotations = JSONValue(bytes, longestString: maxText)?["annotations"] else { return nil }
    var description = ContainerDescription()
    description.add(
      name: annotations["io.kubernetes.cri.container-name"], pod: annotations["io.kubernetes.cri.sandbox-name"],
      namespace: annotations["io.kubernetes.cri.sandbox-namespace"],
      image: annotations["io.kubernetes.cri.image-name"])
    description.add(
      name: annotations["io.kubernetes.container.name"], pod: annotations["io.kubernetes.pod.name"],
      namespace: annotations["io.kubernetes.pod.namespace"], image: annotations["io.kubernetes.cri-o.ImageName"])
    description.add(name: annotations["nerdctl/name"], pod: nil, namespace: nil, image: nil)
    return description.isEmpty ? nil : description
  }

  fileprivate static func text(_ text: String?) -> String? {
    guard let text, !text.isEmpty else { return nil }
    return text.printable
  }

  /// The id of a container in the path of its group: 64 hexadecimal digits, as of OCI engines; nil for others.
  static func id(in path: String) -> String? {
    let last = path.utf8.split(separator: UInt8(ascii: "/")).last ?? []
    let digits = last.split { !($0.isDigit || (0x61...0x66).contains($0)) }.first { $0.count == 64 }
    return digits.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension ContainerDescription {
  /// Takes over members that are there.
  fileprivate mutating func add(name: JSONValue?, pod: JSONValue?, namespace: JSONValue?, image: JSONValue?) {
    if let name = ContainerFiles.text(name?.text) { self.name = name }
    if let image = ContainerFiles.text(image?.text) { self.image = image }
    guard let pod = ContainerFiles.text(pod?.text) else { return }
    self.pod = (ContainerFiles.text(namespace?.text).map { $0 + "/" } ?? "") + pod
  }
}
