package import CollectGPU

extension GPUVendor {
  /// All vendors whose GPUs can be read on Linux.
  package static let linux: [GPUVendor] = [.nvidia { LinuxNVIDIASystem(root: $0.root) }, .amd, .intel]
}
