"""For every account of the server: /etc/jupyter/nbgrader_config.py. The grader's own settings are the repository's."""

import os

c = get_config()

c.CourseDirectory.course_id = "contrastive-learning"
c.Exchange.root = os.environ.get("COURSE_EXCHANGE", "/srv/nbgrader/exchange")
c.Dates.believed = True  # nobody but the exchange writes into the grader's folder `submitted`
