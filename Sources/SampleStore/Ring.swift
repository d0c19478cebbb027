/// Ring buffer: overwrites its oldest element when full.
package struct Ring<Element> {
  /// Maximum number of elements; at least 1.
  package let capacity: Int
  private var storage: [Element] = []
  private var head = 0

  package init(capacity: Int) {
    self.capacity = max(1, capacity)
  }

  package var count: Int { storage.count }

  /// Appends an element, replacing the oldest when full.
  package mutating func append(_ element: Element) {
    if storage.count < capacity {
      storage.append(element)
    } else {
      storage[head] = element
      head = (head + 1) % capacity
    }
  }

  /// The element at an index; 0 is the oldest.
  package subscript(index: Int) -> Element {
    precondition(index >= 0 && index < storage.count, "index outside the ring")
    return storage[(head + index) % storage.count]
  }

  /// The oldest element; nil when empty.
  package var first: Element? {
    storage.isEmpty ? nil : self[0]
  }

  /// The newest element; nil when empty.
  package var last: Element? {
    storage.isEmpty ? nil : self[storage.count - 1]
  }

  /// All elements, oldest first.
  package var elements: [Element] {
    Array(storage[head...]) + storage[..<head]
  }
}
