enum CollectLinuxPlaceholder {}
