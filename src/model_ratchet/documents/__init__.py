"""What people write: bytes in, frozen models or located findings out."""
