"""Classes with names and colours, keypoints and their connections."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("annotation_context.rrd")

rr.log("world", rr.AnnotationContext([(0, "floor"), (23, "bar")]), static=True)
rr.log("people", rr.AnnotationContext([rr.ClassDescription(
    info=rr.AnnotationInfo(id=1, label="person", color=(255, 0, 0)),
    keypoint_annotations=[rr.AnnotationInfo(id=0, label="head", color=(0, 255, 0)), rr.AnnotationInfo(id=1, label="hand")],
    keypoint_connections=[(0, 1)])]), static=True)
