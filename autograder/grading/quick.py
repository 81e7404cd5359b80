"""Import this first where a second counts: without it jsonschema, which nbformat imports, compiles a grammar of IRIs.

That takes 0.9 s (measured with -X importtime), for a format that occurs in no notebook; jsonschema does without it where the
package is not installed, and here it looks as if it were not.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)
