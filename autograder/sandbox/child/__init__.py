"""What runs inside the sandbox, next to the student's code. It imports numpy, torch and `course`, and holds no secret."""
