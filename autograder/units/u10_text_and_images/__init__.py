"""Unit 10: similar sentences and tasks, the losses of CLIP and SigLIP, what they leave undetermined, a CLIP of painted digits."""
