"""What an instructor and a student look at: text cleaned, formulas without a script, pages that load nothing."""
