"""Paths as strings and as lists of parts."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("entity_paths.rrd")

rr.set_time("step", sequence=1)
rr.log(["world", 42, "my image!"], rr.Scalars(1))
rr.log("world/" + rr.escape_entity_path_part("a/b c"), rr.Scalars(2))
rr.log(rr.new_entity_path(["über", "tab\there", "x-1.5_y"]), rr.Scalars(3))
rr.log("/absolute/path", rr.Scalars(4))
rr.log("trailing/slash/", rr.Scalars(5))
