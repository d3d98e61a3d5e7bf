"""DICOM files of every common kind, with what pydicom and the encoders' inputs say is in them, into a folder; or what pydicom finds in
given files. `dicom_files.py make FOLDER`, `dicom_files.py read FILE...`; JSON to stdout."""
import hashlib, json, sys

import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import *


def dataset(pixels, stored, signed=False, photometric='MONOCHROME2', syntax=ExplicitVRLittleEndian):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, CTImageStorage
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = generate_uid(), generate_uid(), 'CT'
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.PhotometricInterpretation = photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = pixels.dtype.itemsize * 8, stored, stored - 1
    ds.PixelRepresentation = int(signed)
    ds.PixelData = pixels.tobytes()
    ds['PixelData'].VR = 'OW'
    return ds


def packed(ds, data, syntax):
    ds.PixelData = encapsulate(data if isinstance(data, list) else [data])
    ds['PixelData'].VR, ds['PixelData'].is_undefined_length = 'OB', True
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def make(folder):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:60, :70]
    u16 = ((x * 40 + y * 13 + rng.integers(0, 50, x.shape)) % 4096).astype(np.uint16)
    s16 = u16.astype(np.int16) - 1500
    u8 = (u16 >> 4).astype(np.uint8)
    rgb = np.stack([u8, 255 - u8, u8 // 2 + 20], -1).astype(np.uint8)
    kinds = {'u12': (u16, 12, False), 's16': (s16, 16, True), 'u8': (u8, 8, False)}
    out = {}

    def save(name, ds, values, tolerance=0, **options):
        options = options or {'enforce_file_format': True}
        ds.save_as(f'{folder}/{name}.dcm', **options)
        values = np.ascontiguousarray(values).astype('<f4')
        (values).tofile(f'{folder}/{name}.f32')
        out[name] = {'shape': list(values.shape), 'tolerance': tolerance}

    for kind, (pixels, stored, signed) in kinds.items():
        save(f'plain {kind}', dataset(pixels, stored, signed), pixels)
        for codec, syntax in {'RLE': RLELossless, 'JPEG-LS': JPEGLSLossless, 'JPEG 2000': JPEG2000Lossless}.items():
            ds = dataset(pixels, stored, signed)
            ds.compress(syntax)
            save(f'{codec} {kind}', ds, pixels)
        bits = pixels.view(np.uint16) if pixels.dtype != np.uint8 else pixels
        data = imagecodecs.ljpeg_encode(bits, bitspersample=stored)
        save(f'JPEG lossless {kind}', packed(dataset(pixels, stored, signed), data, JPEGLosslessSV1), pixels)
    for codec, syntax in {'RLE': RLELossless, 'JPEG-LS': JPEGLSLossless, 'JPEG 2000': JPEG2000Lossless}.items():
        ds = dataset(rgb, 8, photometric='RGB')
        ds.compress(syntax)
        save(f'{codec} colour', ds, rgb)
    data = imagecodecs.jpeg8_encode(rgb, level=98)
    save('JPEG colour', packed(dataset(rgb, 8, photometric='YBR_FULL_422'), data, JPEGBaseline8Bit), imagecodecs.jpeg8_decode(data), 4)

    # so many that streams end in every way
    frames = rng.normal(1000, 3, (300, 8, 9)).astype(np.uint16)
    data = [imagecodecs.ljpeg_encode(frame, bitspersample=12) for frame in frames]
    ds = packed(dataset(frames[0], 12), data, JPEGLosslessSV1)
    ds.NumberOfFrames = len(frames)
    save('JPEG lossless frames', ds, frames)
    data = imagecodecs.jpeg_encode(u16, level=95, bitspersample=12)
    save('JPEG extended u12', packed(dataset(u16, 12), data, JPEGExtended12Bit), imagecodecs.jpeg_decode(data), 1)
    data = imagecodecs.jpeg8_encode(u8, level=95)
    save('JPEG extended u8', packed(dataset(u8, 8), data, JPEGExtended12Bit), imagecodecs.jpeg8_decode(data), 1)

    ds = dataset(s16.astype('>i2'), 16, True, syntax=ExplicitVRBigEndian)
    ds.RescaleSlope, ds.RescaleIntercept = '2.5', '-7'
    save('big endian', ds, s16 * 2.5 - 7, little_endian=False, implicit_vr=False, enforce_file_format=True)
    save('deflated', dataset(u16, 12, syntax=DeflatedExplicitVRLittleEndian), u16)
    ds = dataset(rgb, 8, photometric='RGB')
    ds.PlanarConfiguration, ds.PixelData = 1, np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
    save('planar', ds, rgb)
    ybr = pydicom.pixels.convert_color_space(rgb, 'RGB', 'YBR_FULL')
    for mixed, photometric, pixels in ((True, 'YBR_RCT', rgb), (False, 'RGB', rgb), (False, 'YBR_FULL', ybr), (True, 'YBR_FULL', rgb)):
        data = imagecodecs.jpeg2k_encode(pixels, reversible=True, mct=mixed, codecformat='j2k')
        values = pixels if pixels is rgb else pydicom.pixels.convert_color_space(ybr, 'YBR_FULL', 'RGB')
        save(f'JPEG 2000 {photometric} {mixed}', packed(dataset(rgb, 8, photometric=photometric), data, JPEG2000Lossless), values, 1)
    s8 = (u8.astype(np.int16) - 128).astype(np.int8)
    ds = dataset(s8, 8, True)
    ds.compress(JPEG2000Lossless)
    save('JPEG 2000 s8', ds, s8)
    save('YBR', dataset(ybr, 8, photometric='YBR_FULL'), pydicom.pixels.convert_color_space(ybr, 'YBR_FULL', 'RGB'), 1)
    frames = np.stack([s16, s16 + 5, s16 - 9])
    ds = dataset(s16, 16, True)
    ds.NumberOfFrames, ds.PixelData = 3, frames.tobytes()
    ds.compress(RLELossless)
    save('RLE frames', ds, frames)
    ds = dataset(u8, 8, photometric='PALETTE COLOR')
    table = np.stack([np.arange(256), 255 - np.arange(256), np.arange(256) // 2], 1)
    for i, colour in enumerate(['Red', 'Green', 'Blue']):
        setattr(ds, f'{colour}PaletteColorLookupTableDescriptor', [256, 0, 16])
        setattr(ds, f'{colour}PaletteColorLookupTableData', (table[:, i] * 257).astype('<u2').tobytes())
    save('palette', ds, table[u8])
    curve = np.arange(256) ** 2 // 2
    lut = Dataset()
    lut.LUTDescriptor, lut.ModalityLUTType, lut.LUTData = [256, 0, 16], 'US', curve.astype('<u2').tobytes()
    lut['LUTData'].VR = 'OW'
    ds = dataset(u8, 8)
    ds.ModalityLUTSequence = [lut]
    save('modality LUT', ds, curve[u8])
    mask = (u16 > 2000).astype(np.uint8)
    ds = dataset(mask, 1)
    ds.BitsAllocated, ds.PixelData = 1, np.packbits(mask.ravel(), bitorder='little').tobytes() + b'\0'
    save('one bit', ds, mask)

    # names in every corner that a file has
    ds = dataset(u16, 12)
    person, nested, private = Dataset(), Dataset(), ds.private_block(0x0031, 'ACME', create=True)
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientAge = 'Secret^Ann', 'Secret-7', '19501231', '069Y'
    ds.StudyDate, ds.StudyTime, ds.StudyDescription = '20200229', '101112', 'Secret of Dr Secret'
    ds.InstitutionName, ds.ImageComments, ds.AccessionNumber = 'Secret Hospital', 'Secret', 'Secret9'
    private.add_new(1, 'LO', 'Secret private')
    person.PersonIdentificationCodeSequence, person.InstitutionName = [], 'Secret'
    ds.PerformingPhysicianIdentificationSequence = [person]
    nested.ReferencedSOPClassUID, nested.ReferencedSOPInstanceUID = CTImageStorage, ds.SOPInstanceUID
    ds.ReferencedImageSequence = [nested]
    save('names', ds, u16)
    print(json.dumps(out))


def read(files):
    found = {}
    for file in files:
        ds = pydicom.dcmread(file)
        values = pydicom.pixels.pixel_array(ds)
        found[file] = {
            'sha256': hashlib.sha256(np.ascontiguousarray(values).astype('<f4').tobytes()).hexdigest(),
            'text': str(ds),
            'meta': str(ds.file_meta.MediaStorageSOPInstanceUID) == str(ds.SOPInstanceUID),
            'name': str(ds.get('PatientName', '')),
            'uid': str(ds.SOPInstanceUID),
            'reference': str(ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID) if 'ReferencedImageSequence' in ds else '',
            'method': [str(item.CodeValue) for item in ds.DeidentificationMethodCodeSequence],
        }
    print(json.dumps(found))


if __name__ == '__main__':
    make(sys.argv[2]) if sys.argv[1] == 'make' else read(sys.argv[2:])
