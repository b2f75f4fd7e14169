"""A PNG as it is."""
import rerun as rr

rr.init("pairs", recording_id="pair", send_properties=False)
rr.save("encoded_image.rrd")

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
                    "0000000a49444154789c6360000000020001487fa7d00000000049454e44ae426082")
rr.set_time("frame", sequence=1)
rr.log("camera/png", rr.EncodedImage(contents=PNG, media_type="image/png"))
