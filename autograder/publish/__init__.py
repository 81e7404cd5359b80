"""From the sources to what is released: notebooks, public checks that hold on every machine, nbgrader's release."""
