"""What Amazon may sell of what TIMS has."""
