def test_smoke(images):
    image = images.push_image("team/app", "v1")
    assert images.get("team/app/manifests/v1").expect(200).body == image.content
    assert (
        images.with_token("repository:team/app:pull")
        .get(f"team/app/manifests/{image.digest}")
        .expect(200)
    )
    assert images.as_(None).get("team/app/manifests/v1").expect(401)
