"""Where an entity is: moved and turned, told both ways."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("rigid3.rrd")

rr.set_time("frame", sequence=1)
turn = rr.Quaternion(xyzw=[0, 0, 0.6, 0.8])
rr.log("world/a", rr.Transform3D(translation=[1, 2, 3], quaternion=turn, relation=rr.TransformRelation.ParentFromChild))
rr.log("world/b", rr.Transform3D(translation=[1, 2, 3], quaternion=turn, relation=rr.TransformRelation.ChildFromParent))
rr.log("world/c", rr.Transform3D(translation=[0, 0, 0], quaternion=rr.Quaternion(xyzw=[0, 0, 0, 1]),
                                 relation=rr.TransformRelation.ParentFromChild), rr.ViewCoordinates.RDF)
